// Reads a snapshot, a series, a list and an error with the types that were generated of /openapi.json:
// {"base", "key", "call", "missing"} on stdin, the answers on stdout.

import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

const { base, key, call, missing } = JSON.parse(readFileSync(0, "utf-8"));
const archive = createClient<paths>({ baseUrl: base, headers: { "x-functions-key": key } });

async function read(): Promise<void> {
    const params = { path: { api: "v1.0", call } } as const;
    const snapshot = await archive.GET("/{api}/reports/{call}", { params, parseAs: "arrayBuffer" });
    const series = await archive.GET("/{api}/reports/{call}/series", {
        params: { ...params, query: { from: "2026-11-01", every: "week" } },
        parseAs: "text",
    });
    const list = await archive.GET("/{api}/reports/{call}/snapshots", { params });
    const { value } = list.data as components["schemas"]["Snapshots"];
    const days: string[] = value.map((each) => each.refreshDate);
    const { error } = await archive.GET("/{api}/reports/{call}", { params: { path: { api: "v1.0", call: missing } } });
    const message: string = error!.error.message;
    const body = Buffer.from(snapshot.data!).toString("base64");
    console.log(JSON.stringify({ snapshot: body, series: series.data, days, message }));
}

void read();
