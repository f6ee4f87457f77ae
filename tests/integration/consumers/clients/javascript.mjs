// Asks for a report with a client of Graph: {"client", "base", "key", "path"} on stdin, {"body": base64} or {"error": ...}
// on stdout. The argument is the folder with the packages.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(join(process.argv[2], "x"));
const load = (name) => import(pathToFileURL(resolve(name)));
const headers = (key) => ({ "x-functions-key": key });

const CLIENTS = {
    async microsoft({ base, key, path }) {
        const { Client } = await load("@microsoft/microsoft-graph-client");
        const authProvider = (done) => done(null, "anything");
        const fetchOptions = { headers: headers(key) };
        const client = Client.init({ baseUrl: base, defaultVersion: "v1.0", authProvider, fetchOptions });
        return new Response(await client.api(path).get()).arrayBuffer();
    },
    async pnp({ base, key, path }) {
        const { GraphQueryable, DefaultInit } = await load("@pnp/graph");
        const { BrowserFetch, BufferParse, InjectHeaders } = await load("@pnp/queryable");
        const behaviours = [DefaultInit(`${base}v1.0`), BrowserFetch(), InjectHeaders(headers(key)), BufferParse()];
        return GraphQueryable(path.slice(1)).using(...behaviours)();
    },
};

const asked = JSON.parse(readFileSync(0, "utf-8"));
try {
    const body = await CLIENTS[asked.client](asked);
    console.log(JSON.stringify({ body: Buffer.from(body).toString("base64") }));
} catch ({ statusCode, code, message }) {
    console.log(JSON.stringify({ error: { statusCode, code, message } }));
}
