"use strict";(()=>{try{let e=localStorage.getItem("padfleet.theme");(e==="light"||e==="dark")&&(document.documentElement.dataset.theme=e)}catch{}})();
