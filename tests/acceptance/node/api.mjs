// Calls a fleet's HTTP API with npm's etherpad-lite-client: node api.mjs HOST PORT KEY PAD
// Prints the answers to all calls as one JSON object.
import client from "etherpad-lite-client";

const [host, port, apikey, padID] = process.argv.slice(2);
const api = client.connect({ apikey, host, port: Number(port) });

const call = (name, args = {}) =>
  new Promise((resolve) => {
    api[name](args, (error, data) => resolve(error === null ? { data } : { error }));
  });

const said = {};
said.checkToken = await call("checkToken");
said.createPad = await call("createPad", { padID, text: "hello" });
said.again = await call("createPad", { padID });
const author = await call("createAuthorIfNotExistsFor", { authorMapper: "7", name: "Ada" });
const group = await call("createGroupIfNotExistsFor", { groupMapper: "course 1" });
said.author = author;
said.group = group;
const { authorID } = author.data;
const { groupID } = group.data;
said.groupPad = await call("createGroupPad", { groupID, padName: padID, text: "of the group" });
said.session = await call("createSession", {
  groupID,
  authorID,
  validUntil: Math.floor(Date.now() / 1000) + 600,
});
said.listPads = await call("listPads", { groupID });
said.sessions = await call("listSessionsOfGroup", { groupID });
said.setText = await call("setText", { padID, text: "other" });
said.getText = await call("getText", { padID });
said.createDiffHTML = await call("createDiffHTML", { padID, startRev: 0, endRev: 1 });
said.getRevisionsCount = await call("getRevisionsCount", { padID });
said.deletePad = await call("deletePad", { padID });
said.gone = await call("getText", { padID });
process.stdout.write(JSON.stringify(said));
