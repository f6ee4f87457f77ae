// Loaded with `node --require`: lets Azurite look for blobs by name first. By itself it begins with the account, which
// all blobs have, and so passes over all of them in every request:
// https://github.com/Azure/Azurite/blob/v3.35.0/src/blob/persistence/LokiBlobMetadataStore.ts
// What is found is the same, as all conditions have to hold.
const { createRequire } = require("node:module");
const { Resultset } = createRequire(process.argv[1])("lokijs");

const { find } = Resultset.prototype;

Resultset.prototype.find = function (query, firstOnly) {
  const key = ["name", "blobName"].find((each) => query?.[each] !== undefined);
  if (!key || Object.keys(query).length === 1) return find.call(this, query, firstOnly);
  const first = { [key]: range(query[key]) };
  const all = Object.entries(query).map(([each, condition]) => ({ [each]: condition }));
  return find.call(this, { $and: [first, ...all] }, firstOnly);
};

// What an index can find of a condition. Of a prefix that can begin a number nothing: numbers have an order of their own.
function range(condition) {
  const prefix = /^\^(.*)$/.exec(condition.$regex ?? "")?.[1].replace(/\\(.)/g, "$1");
  return prefix && /[/=]/.test(prefix) ? { $between: [prefix, `${prefix}\uffff`] } : condition;
}
