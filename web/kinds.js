// The standard charts: what each shows of a picture of the run.
import * as format from "./format.js";

const isEmpty = (values) => values.every((x) => x == null);

const named = (charts, rows) => rows.map(([name, key, colour]) => ({ name, values: charts[key], total: charts.totals[key], colour }));

// A share whose axis begins at nothing and ends where its values do, so that a few percent can be seen.
const share = { low: 0, least: 0.05, most: 1 };

// of: the series, each { name, values, total: of the whole period, colour, aside: in the legend alone }
// hides: where there is nothing of it in a run there is no chart of it. opens: what a click opens the items of.
export const kinds = [
  { key: "rates", title: "Error rate", of: (c) => [...named(c, [["error", "error", "red"]]), { ...named(c, [["success", "success", "green"]])[0], aside: true }], show: format.percent, range: share, fill: true, opens: { outcome: "failed" } },
  { key: "items", title: "Item yield", of: (c) => named(c, [["accepted", "accepted", "green"], ["rejected", "rejected", 1], ["failed", "failed", "red"]]), show: format.percent, range: { low: 0, least: 1, most: 1 }, hides: (c) => isEmpty(c.accepted), opens: { outcome: "rejected,failed" } },
  { key: "latency", title: "Generation time", of: (c) => named(c, [["p50", "p50", 0], ["p90", "p90", 1], ["p99", "p99", "red"]]), show: format.seconds, log: true, opens: {} },
  { key: "throughput", title: "Throughput", of: (c) => named(c, [["generations", "throughput", 0]]), show: format.rate, fill: true, opens: {} },
  { key: "tokens", title: "Token rate", of: (c) => named(c, [["prompt", "prompt", 0], ["completion", "completion", 1]]), show: format.rate },
  { key: "cost", title: "Spent, in US dollars", of: (c) => named(c, [["spent", "spent_usd", 2]]), show: format.dollars, fill: true, hides: (c) => isEmpty(c.spent_usd) },
  { key: "scores", title: "Evaluation scores", of: (c) => c.scores.map((s, i) => ({ name: s.name, values: s.values, total: s.total, colour: i })), show: format.score, hides: (c) => c.scores.length === 0 },
  { key: "evaluation", title: "Evaluation time", of: (c) => named(c, [["p50", "evaluation_p50", 0], ["p90", "evaluation_p90", 1], ["p99", "evaluation_p99", "red"]]), show: format.seconds, log: true, hides: (c) => isEmpty(c.evaluation_p50) },
];
