// Calls of reports, as /status writes them: `getX(period='D7')`, `getX(date)` for all single days, `getX`.

/** One call: its report, what chooses it, and how its resources are asked for. */
export class Call {
  constructor(text) {
    this.text = text;
    this.report = text.replace(/\(.*/, "");
    this.period = /period='(\w+)'/.exec(text)?.[1] ?? "";
    this.version = /version='(\w+)'/.exec(text)?.[1] ?? "";
    this.single = text.endsWith("(date)");
    Object.assign(this, { personal: false, title: this.report, family: "", question: "", kind: "" });
    Object.assign(this, { aggregate: "last", newest: null, since: null, state: "", gaps: [] });
  }

  /** As the archive names the argument. */
  get key() {
    return this.single ? "day" : [this.period || "none", this.version].filter(Boolean).join("-");
  }

  /** For people. */
  get argument() {
    if (this.single) return "single days";
    const days = /^D(\d+)$/.exec(this.period)?.[1];
    return [days ? `${days} days` : this.period === "ALL" ? "all time" : this.period || "no period", this.version]
      .filter(Boolean)
      .join(", ");
  }

  get path() {
    return `${this.personal ? "/personal" : ""}/v1.0/reports/${this.report}`;
  }

  get series() {
    return { path: `${this.path}/series`, query: this.chosen, file: `${this.report}_${this.key}_series` };
  }

  get snapshots() {
    return { path: `${this.path}/snapshots`, query: this.chosen };
  }

  /** One day, and of it one revision. */
  snapshot(day, revision) {
    const query = this.single ? { date: day, revision } : { ...this.chosen, refreshDate: day, revision };
    return { path: this.path, query, file: `${this.report}_${this.key}_${day}_r${revision}` };
  }

  get chosen() {
    return this.single ? {} : { period: this.period, version: this.version };
  }
}
