"use strict";

// `window.spied` are the revisions that hooks were called with, and `window.spyTrips` is one at
// which they throw. `window.batches` is the number of messages that contained several revisions.
window.spied = [];
window.batches = 0;

const note = (_name, { payload }) => {
  window.spied.push([payload.newRev, typeof payload.changeset, typeof payload.apool]);
  if (payload.newRev === window.spyTrips) throw new Error("the spy trips");
};

exports.handleClientMessage_NEW_CHANGES = note;
exports.handleClientTimesliderMessage_NEW_CHANGES = note;

const count = () => {
  window.batches += 1;
};

exports.handleClientMessage_NEW_CHANGES_BATCH = count;
exports.handleClientTimesliderMessage_NEW_CHANGES_BATCH = count;
