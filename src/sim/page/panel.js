"use strict";
// The words of the page: what is told of the run, the chosen node, the chosen message, the moment,
// and the list of what went wrong. All text of the trace is set as text, never as markup.

const MOST_FINDINGS = 400;
const MOST_PANEL_STEPS = 12;

const byId = (id) => document.getElementById(id);

/** An element with properties and children; text stays text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("data-") || name.startsWith("aria-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

class Panel {
  /** `actions` are what its buttons do: goTo(line), selectNode(id). */
  constructor(view, actions) {
    this.view = view;
    this.actions = actions;
    this.#run();
    this.#findings();
  }

  #run() {
    const { trace } = this.view;
    const { run, end } = trace;
    const facts = [`${run.nodes} nodes`, `${formatSpan(trace.duration)} simulated`,
      `${trace.messages.length.toLocaleString("en")} messages`,
      `${trace.records.length.toLocaleString("en")} lines`];
    byId("run-title").textContent = `Seed ${trace.seed}`;
    byId("run-facts").textContent = facts.join(" · ");
    document.title = `Rafted · seed ${trace.seed}`;
    const broken = trace.violations.length > 0 || end?.result === "violation";
    const count = trace.violations.length;
    byId("result").textContent = broken
      ? `${count || "a"} violation${count > 1 ? "s" : ""}`
      : end ? "all invariants held" : "the trace has no end";
    byId("result").className = broken ? "result bad" : end ? "result good" : "result";
    byId("result").title = end?.text ?? "";
    byId("command").textContent = run.command ?? "";
    byId("command-box").hidden = !run.command;
    byId("fault-chips").replaceChildren(
      ...(run.faults ?? []).map((text) => make("span", { className: "chip" }, String(text))));
  }

  #findings() {
    const { trace } = this.view;
    const list = byId("findings");
    const all = [...trace.violations, ...trace.troubles];
    const shown = all.slice(0, MOST_FINDINGS);
    this.rows = shown.map((finding) => {
      const text = trace.describe(finding.line).replace(/^(fault: |violation of )/, "");
      const row = make("button", { type: "button", className: `finding ${finding.kind}`,
        onclick: () => this.actions.goTo(finding.line) },
      make("time", {}, formatTime(finding.t)), make("span", {}, text));
      list.append(make("li", {}, row));
      return { row, line: finding.line };
    });
    byId("findings-count").textContent = all.length > shown.length
      ? `first ${shown.length} of ${all.length.toLocaleString("en")}` : String(all.length);
    byId("jump-violation").hidden = trace.violations.length === 0;
  }

  /** Everything that depends on the cursor or on what is chosen. */
  update() {
    const { view } = this;
    const { trace } = view;
    byId("now").textContent = formatTime(view.t);
    const count = (number) => number.toLocaleString("en");
    byId("event-place").textContent
      = `line ${count(view.line + 1)} of ${count(trace.records.length)}`;
    byId("event-text").textContent = trace.describe(view.line);
    for (const { row, line } of this.rows) row.classList.toggle("past", line <= view.line);
    this.#node();
    this.#message();
  }

  #node() {
    const { view } = this;
    const box = byId("node-panel");
    box.hidden = view.selectedNode === null;
    byId("no-node").hidden = view.selectedNode !== null;
    if (box.hidden) return;
    const node = view.trace.node(view.selectedNode);
    const state = node.stateAt(view.line) ?? {};
    const outage = node.outageAt(view.t);
    const role = outage ? outage.what : (state.role ?? "not there yet").replace("_", "-");
    byId("panel-title").textContent = node.name;
    byId("panel-role").textContent = role;
    byId("panel-role").dataset.role = outage ? "down" : state.role ?? "down";
    const set = (id, value) => { byId(id).textContent = value ?? "–"; };
    set("panel-term", state.term);
    set("panel-vote", state.vote ? `n${state.vote}` : "nobody");
    set("panel-last", state.last);
    set("panel-commit", state.commit);
    set("panel-applied", state.applied);
    set("panel-snapshot", state.snapshot);
    set("panel-lease", state.lease ? "held" : "none");
    this.#members(String(state.members ?? ""));
    this.#steps(node);
  }

  /** "1 2 3 +4" as chips; + marks one that is not a voter. */
  #members(text) {
    const chips = text.split(/[\s,]+/).filter(Boolean).map((word) => {
      const id = Number(word.replace(/\D/g, ""));
      return make("button", { type: "button", className: "chip", title: /^\d+$|^n\d+$/.test(word)
        ? "voter" : "not a voter", onclick: () => this.actions.selectNode(id) },
      word.replace(/^(\D*?)n?(\d+)/, "$1n$2"));
    });
    byId("panel-members").replaceChildren(...(chips.length ? chips : ["–"]));
  }

  #steps(node) {
    const rows = node.stepsBefore(this.view.line, MOST_PANEL_STEPS).map((step) => make("li", {},
      make("button", { type: "button", onclick: () => this.actions.goTo(step.line),
        className: step.line === this.view.line ? "step now" : "step" },
      make("time", {}, formatTime(step.t)),
      make("span", { className: "input" }, step.input),
      make("span", { className: "effects" }, `⇒ ${step.effects || "nothing"}`))));
    byId("panel-steps").replaceChildren(...rows);
    byId("panel-no-steps").hidden = rows.length > 0;
  }

  #message() {
    const message = this.view.selectedMessage;
    byId("message-panel").hidden = !message;
    if (!message) return;
    byId("message-title").textContent = `n${message.from} → n${message.to} ${message.what}`;
    byId("message-text").textContent = message.text || "no text";
    const fate = message.lost !== undefined
      ? `lost (${message.lost})`
      : `on its way for ${formatSpan(message.arrives - message.t)}`;
    const copies = message.copy_of !== undefined ? ", a copy"
      : message.copied ? ", was duplicated" : "";
    byId("message-fate").textContent = `sent at ${formatTime(message.t)}, ${fate}${copies}`;
    const arrived = byId("message-arrival");
    arrived.hidden = !message.arrived;
    arrived.onclick = () => this.actions.goTo(message.arrived);
  }
}

/** The names of the lanes, left of them: the nodes are buttons that choose them. */
class Gutter {
  constructor(view, actions) {
    this.view = view;
    this.box = byId("gutter");
    this.labels = new Map();
    for (const node of view.trace.nodes.values()) {
      const parts = { dot: make("i", { className: "dot" }), what: make("span", {}),
        figures: make("small", {}) };
      const button = make("button", { type: "button", id: `node-${node.id}`,
        className: "lane-label", onclick: () => actions.selectNode(node.id) },
      parts.dot, make("b", {}, node.name), parts.what, parts.figures);
      this.labels.set(node.id, { button, node, ...parts });
    }
  }

  /** After the lanes have been laid out anew. */
  place() {
    const { view } = this;
    const elements = [];
    if (view.faultLane.height) {
      elements.push(this.#at(make("span", { className: "lane-name" }, "faults"), view.faultLane));
    }
    for (const lane of view.lanes) {
      elements.push(this.#at(this.labels.get(lane.node.id).button, lane));
    }
    for (const lane of view.clientLanes) {
      elements.push(this.#at(make("span", { className: "lane-name" }, `client ${lane.client.id}`),
        lane));
    }
    this.box.style.height = `${view.height}px`;
    this.box.replaceChildren(...elements);
  }

  #at(element, { y, height }) {
    element.style.top = `${y}px`;
    element.style.height = `${height}px`;
    return element;
  }

  update() {
    const { view } = this;
    for (const { button, node, dot, what, figures } of this.labels.values()) {
      const state = node.stateAt(view.line);
      const outage = node.outageAt(view.t);
      const role = outage?.what ?? (state?.role ?? "not there yet").replace("_", "-");
      dot.dataset.role = outage ? "down" : state?.role ?? "down";
      what.textContent = role;
      figures.textContent = state ? `term ${state.term ?? 0} · commit ${state.commit ?? 0}` : "";
      button.setAttribute("aria-pressed", String(node.id === view.selectedNode));
      button.setAttribute("aria-label",
        `${node.name}, ${role}${state ? `, term ${state.term}, commit ${state.commit}` : ""}`);
    }
  }
}
