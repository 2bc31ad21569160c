"use strict";
// The trace, read once and indexed by time and by node. It draws nothing and knows no filter.
//   1. A moment is a line number: state "at" a line is as it was once that line had been written.
//   2. All lists are in order of time, so every question is a binary search.

const BLOCK = 64;

/** How many of the sorted items come at or before the limit, by key(item). */
function countUpTo(items, limit, key) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(items[middle]) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const lineOf = (item) => item.line;
const timeOf = (item) => item.t;

/** Which filter a message belongs to; the trace's words for messages are the simulator's. */
function kindOfMessage(what, text) {
  const words = `${what} ${text}`.toLowerCase();
  if (/heartbeat/.test(words)) return "heartbeat";
  if (/vote/.test(what)) return "vote";
  if (/snapshot|piece/.test(what)) return "snapshot";
  if (/append|^reply$/.test(what)) return "append";
  return "other";
}

/** Gives each item with a time from..to a row, so that those that overlap do not share one. */
function assignRows(items, most) {
  const ends = [];
  for (const item of items) {
    let row = ends.findIndex((end) => end <= item.from);
    if (row < 0) row = Math.min(ends.length, most - 1);
    ends[row] = Math.max(ends[row] ?? 0, item.to);
    item.row = row;
  }
  return Math.max(1, ends.length);
}

class TraceNode {
  constructor(id) {
    this.id = id;
    this.name = `n${id}`;
    this.states = [];
    this.steps = [];
    this.events = [];
    this.roles = []; // runs of one role and term: {from, to, role, term}
    this.outages = []; // {from, to, what}
  }

  stateAt(line) {
    return this.states[countUpTo(this.states, line, lineOf) - 1];
  }

  /** The newest steps up to the line, newest first. */
  stepsBefore(line, most) {
    const end = countUpTo(this.steps, line, lineOf);
    return this.steps.slice(Math.max(0, end - most), end).reverse();
  }

  outageAt(t) {
    return this.outages.find((outage) => outage.from <= t && t < outage.to);
  }
}

class Trace {
  constructor(text) {
    const lines = text.trim().split("\n");
    this.records = lines.map((line) => JSON.parse(line));
    this.run = this.records[0];
    // A seed has 64 bits, more than a number of this language holds.
    this.seed = /"seed"\s*:\s*(\d+)/.exec(lines[0])[1];
    this.times = Float64Array.from(this.records, (record) => record.t ?? 0);
    this.duration = Math.max(1, this.times.at(-1));
    this.nodes = new Map();
    this.clients = new Map();
    this.messages = [];
    this.faults = [];
    this.violations = [];
    this.end = null;
    this.messageById = new Map();
    for (let id = 1; id <= this.run.nodes; ++id) this.node(id);
    this.records.forEach((record, line) => this.#take(record, line));
    this.#finish();
  }

  node(id) {
    if (!this.nodes.has(id)) this.nodes.set(id, new TraceNode(id));
    return this.nodes.get(id);
  }

  /** The last line written at or before the time. */
  lineAt(t) {
    return Math.max(0, countUpTo(this.times, t, (time) => time) - 1);
  }

  #take(record, line) {
    const takers = {
      state: () => this.#takeState(record, line),
      step: () => this.node(record.node).steps.push({ ...record, line }),
      send: () => this.#takeSend(record, line),
      arrive: () => this.#takeArrive(record, line),
      node: () => this.node(record.node).events.push({ ...record, line }),
      fault: () => this.faults.push({ ...record, line, from: record.t,
        to: record.until ?? record.t, nodes: record.nodes ?? [] }),
      call: () => this.#takeCall(record, line),
      answer: () => this.#takeAnswer(record, line),
      violation: () => this.violations.push({ ...record, line, nodes: record.nodes ?? [] }),
      end: () => { this.end = { ...record, line }; },
    };
    takers[record.kind]?.();
  }

  #takeState(record, line) {
    const node = this.node(record.node);
    const before = node.states.at(-1);
    node.states.push(before ? { ...before, ...record, line } : { ...record, line });
    const now = node.states.at(-1);
    const run = node.roles.at(-1);
    if (run && run.role === now.role && run.term === now.term) return;
    if (run) run.to = record.t;
    node.roles.push({ from: record.t, to: Infinity, role: now.role, term: now.term,
      newTerm: !run || run.term !== now.term, newRole: !run || run.role !== now.role });
  }

  #takeSend(record, line) {
    this.node(record.from);
    this.node(record.to);
    const message = { ...record, text: record.text ?? "", line, arrived: 0 };
    message.group = kindOfMessage(record.what, message.text);
    this.messages.push(message);
    this.messageById.set(record.id, message);
    const original = this.messageById.get(record.copy_of);
    if (original) original.copied = true;
  }

  #takeArrive(record, line) {
    const message = this.messageById.get(record.id);
    if (message) message.arrived = line;
  }

  #opsOf(client) {
    if (!this.clients.has(client)) {
      this.clients.set(client, { id: client, ops: [], byId: new Map() });
    }
    return this.clients.get(client);
  }

  #takeCall(record, line) {
    const client = this.#opsOf(record.client);
    const op = { ...record, line, from: record.t, to: Infinity, outcome: "open", answer: "" };
    client.ops.push(op);
    client.byId.set(record.op, op);
  }

  #takeAnswer(record, line) {
    const op = this.#opsOf(record.client).byId.get(record.op);
    if (!op) return;
    Object.assign(op, { to: record.t, outcome: record.outcome, answer: record.text ?? "",
      answerLine: line });
  }

  #finish() {
    this.nodes = new Map([...this.nodes].sort(([a], [b]) => a - b));
    this.clients = new Map([...this.clients].sort(([a], [b]) => a - b));
    for (const node of this.nodes.values()) this.#findOutages(node);
    this.#finishMessages();
    for (const client of this.clients.values()) client.rows = assignRows(client.ops, 3);
    this.faultRows = assignRows(this.faults, 4);
    const events = [...this.nodes.values()].flatMap((node) => node.events);
    const founding = (event) => event.event === "start" && event.t === 0;
    this.troubles = [...this.faults, ...events.filter((event) => !founding(event))]
      .sort((a, b) => a.line - b.line);
  }

  #findOutages(node) {
    let open = null;
    const close = (t) => {
      if (open) node.outages.push({ ...open, to: t });
      open = null;
    };
    const begins = { crash: "down", stop: "stopped", pause: "paused", remove: "removed" };
    for (const event of node.events) {
      const what = begins[event.event];
      if (what) {
        close(event.t);
        open = { from: event.t, what };
      } else if (["start", "restart", "resume", "join"].includes(event.event)) {
        close(event.t);
      }
    }
    close(Infinity);
  }

  #finishMessages() {
    const delays = [];
    // A trace may leave the arrivals out; then nothing follows from one that is missing.
    const tellsArrivals = this.messages.some((message) => message.arrived);
    for (const message of this.messages) {
      if (message.arrives === undefined) continue;
      delays.push(message.arrives - message.t);
      // It came to a node that was not there to take it.
      if (tellsArrivals && !message.arrived && message.arrives < this.duration) {
        message.lost = "not taken";
      }
    }
    delays.sort((a, b) => a - b);
    this.usualDelay = delays[delays.length >> 1] ?? 1000;
    // The latest end among each block of messages: blocks that ended before a time are skipped.
    this.blockEnds = [];
    this.messages.forEach((message, i) => {
      message.ends = message.arrives ?? message.t + this.usualDelay;
      const block = Math.floor(i / BLOCK);
      this.blockEnds[block] = Math.max(this.blockEnds[block] ?? 0, message.ends);
    });
  }

  /** Calls visit(message) for each message that was under way at some time within from..to. */
  eachMessage(from, to, visit) {
    const end = countUpTo(this.messages, to, timeOf);
    for (let i = 0; i < end; ++i) {
      if (i % BLOCK === 0 && this.blockEnds[i / BLOCK] < from) {
        i += BLOCK - 1;
      } else if (this.messages[i].ends >= from) {
        visit(this.messages[i]);
      }
    }
  }

  /** One line of words for any record, as shown, spoken and searched. */
  describe(line) {
    const r = this.records[line];
    const name = (id) => `n${id}`;
    const tail = (text) => (text ? `: ${text}` : "");
    switch (r.kind) {
      case "run": return `run of seed ${this.seed}, ${r.nodes} nodes`;
      case "state": return this.#describeState(line);
      case "step": return `${name(r.node)} takes ${r.input} ⇒ ${r.effects || "nothing"}`;
      case "send": return `${name(r.from)} → ${name(r.to)} ${r.what}${tail(r.text)}`
        + (r.lost ? ` (lost: ${r.lost})` : "") + (r.copy_of !== undefined ? " (a copy)" : "");
      case "arrive": return this.#describeArrival(r);
      case "node": return `${name(r.node)} ${r.event}${tail(r.text)}`;
      case "fault": return `fault: ${r.text}`;
      case "call": return `client ${r.client} calls ${r.text}`;
      case "answer": return `client ${r.client} gets ${r.outcome}${tail(r.text)}`;
      case "violation": return `violation of ${r.check}: ${r.text}`;
      default: return `end of the run: ${r.result}${tail(r.text)}`;
    }
  }

  #describeState(line) {
    const now = this.node(this.records[line].node).stateAt(line);
    return `n${now.node} is ${now.role} in term ${now.term ?? 0}, commit ${now.commit ?? 0}, `
      + `applied ${now.applied ?? 0}, last ${now.last ?? 0}`;
  }

  #describeArrival(record) {
    const message = this.messageById.get(record.id);
    if (!message) return `n${record.to} receives message ${record.id}`;
    return `n${record.to} receives ${message.what} of n${message.from}`
      + (message.text ? `: ${message.text}` : "");
  }
}
