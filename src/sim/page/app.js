"use strict";
// Puts the page together: the controls, the keyboard, the pointer, the clock of playing, and one
// drawing per frame of what has changed.

class App {
  constructor(trace) {
    this.view = new View(trace);
    this.trace = trace;
    this.palette = new Palette();
    this.playing = false;
    this.dirty = { lanes: true, moment: true };
    const actions = { goTo: (line) => this.goTo(line), selectNode: (id) => this.selectNode(id) };
    this.panel = new Panel(this.view, actions);
    this.gutter = new Gutter(this.view, actions);
    this.drawings = {
      lanes: new LaneDrawing(byId("lanes-canvas"), this.view),
      cursor: new CursorDrawing(byId("cursor-canvas"), this.view),
      axis: new AxisDrawing(byId("axis"), this.view),
      overview: new OverviewDrawing(byId("overview"), this.view),
      ring: new RingDrawing(byId("ring"), this.view),
    };
    byId("time").max = String(trace.duration);
    this.#filters();
    this.#controls();
    this.#search();
    this.pointer = new Pointer(this);
    document.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.layOut()).observe(byId("stage"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.palette = new Palette();
      this.changed("lanes");
    });
    this.#readAddress();
    this.layOut();
  }

  layOut() {
    const stage = byId("stage");
    this.view.width = Math.max(100, stage.clientWidth - this.gutter.box.offsetWidth);
    this.view.layOut(stage.clientHeight);
    this.gutter.place();
    this.changed("lanes");
  }

  /** "lanes": what is in view has changed; "moment": only the cursor or what is chosen. */
  changed(what = "moment") {
    if (!this.dirty.asked) requestAnimationFrame(() => this.#draw());
    this.dirty.asked = true;
    this.dirty[what] = true;
  }

  #draw() {
    const { lanes } = this.dirty;
    this.dirty = {};
    if (lanes) {
      this.drawings.lanes.draw(this.palette);
      byId("density").textContent = this.drawings.lanes.note;
    }
    this.drawings.cursor.draw(this.palette);
    this.drawings.axis.draw(this.palette);
    this.drawings.overview.draw(this.palette, byId("overview").parentElement.clientWidth);
    this.drawings.ring.draw(this.palette);
    this.gutter.update();
    this.panel.update();
    const slider = byId("time");
    slider.value = String(Math.round(this.view.t));
    slider.setAttribute("aria-valuetext", formatTime(this.view.t));
    this.#writeAddress();
  }

  goTo(line) {
    this.view.setLine(line);
    const record = this.trace.records[line];
    this.view.selectedMessage = ["send", "arrive"].includes(record.kind)
      ? this.trace.messageById.get(record.id) ?? null : null;
    this.#revealed();
  }

  goToTime(t) {
    this.view.setTime(t);
    this.#revealed();
  }

  #revealed() {
    this.changed(this.view.reveal() ? "lanes" : "moment");
  }

  selectNode(id) {
    this.view.selectedNode = this.view.selectedNode === id ? null : id;
    this.changed("lanes");
  }

  selectMessage(message) {
    this.view.selectedMessage = message;
    this.changed();
  }

  /** To the neighbouring event that the filter shows. */
  step(direction) {
    this.pause();
    const line = this.view.neighbour(direction, (at) => this.view.filter.showsLine(at));
    if (line >= 0) this.goTo(line);
  }

  /** To the next of these lines, or round to the first. */
  jump(lines, direction) {
    if (!lines.length) return;
    this.pause();
    const ahead = direction > 0
      ? lines.find((line) => line > this.view.line) ?? lines[0]
      : lines.findLast((line) => line < this.view.line) ?? lines.at(-1);
    this.goTo(ahead);
  }

  jumpToViolation(direction = 1) {
    const { violations } = this.trace;
    if (!violations.length) return;
    this.jump(violations.map(lineOf), direction);
    const violation = violations.find(({ line }) => line === this.view.line);
    this.view.selectedNode = violation.nodes[0] ?? this.view.selectedNode;
    this.view.closeUp();
    this.changed("lanes");
  }

  play() {
    if (this.playing) return this.pause();
    if (this.view.t >= this.trace.duration) this.view.setTime(0);
    this.playing = true;
    this.#showPlaying();
    const speed = byId("speed").value;
    const rate = speed === "auto" ? this.view.span / 20 : Number(speed) * 1e6; // µs per second
    let before = performance.now();
    const turn = (now) => {
      if (!this.playing) return;
      this.view.setTime(this.view.t + (rate * Math.min(100, now - before)) / 1000);
      before = now;
      this.changed(this.view.reveal(0.08) ? "lanes" : "moment");
      if (this.view.t >= this.trace.duration) this.pause();
      else requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
    return undefined;
  }

  pause() {
    this.playing = false;
    this.#showPlaying();
  }

  #showPlaying() {
    const button = byId("play");
    button.textContent = this.playing ? "❚❚ Pause" : "▶ Play";
    button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    button.setAttribute("aria-pressed", String(this.playing));
  }

  #toggle(id, text, pressed, onclick) {
    const button = make("button", { type: "button", id, className: "toggle",
      "aria-pressed": String(pressed) }, text);
    button.onclick = () => {
      button.setAttribute("aria-pressed", String(onclick()));
      this.layOut();
    };
    return button;
  }

  #filters() {
    const { filter } = this.view;
    const flip = (set, item) => {
      if (!set.delete(item)) set.add(item);
      return set.has(item);
    };
    const words = { client: "clients", fault: "faults", step: "steps", other: "other messages" };
    for (const group of GROUPS) {
      const button = this.#toggle(`filter-${group}`, words[group] ?? group, true,
        () => flip(filter.groups, group));
      button.dataset.group = group;
      byId("group-filters").append(button);
    }
    for (const node of this.trace.nodes.values()) {
      const button = this.#toggle(`show-node-${node.id}`, node.name, true,
        () => !flip(filter.hiddenNodes, node.id));
      button.title = `Show or hide ${node.name}`;
      byId("node-filters").append(button);
    }
    byId("lost-only").onclick = () => {
      filter.lostOnly = !filter.lostOnly;
      byId("lost-only").setAttribute("aria-pressed", String(filter.lostOnly));
      this.changed("lanes");
    };
  }

  #controls() {
    const zoom = (factor) => { this.view.zoom(factor); this.changed("lanes"); };
    const clicks = {
      previous: () => this.step(-1),
      next: () => this.step(1),
      play: () => this.play(),
      "zoom-in": () => zoom(1 / 1.6),
      "zoom-out": () => zoom(1.6),
      fit: () => { this.view.fit(); this.changed("lanes"); },
      "close-up": () => { this.view.closeUp(); this.changed("lanes"); },
      "jump-violation": () => this.jumpToViolation(),
      "help-button": () => byId("help").showModal(),
      "copy-command": () => this.#copyCommand(),
    };
    for (const [id, act] of Object.entries(clicks)) byId(id).onclick = act;
    byId("time").oninput = () => {
      this.pause();
      this.view.selectedMessage = null;
      this.goToTime(Number(byId("time").value));
    };
    byId("ring").onclick = (event) => {
      const id = this.drawings.ring.nodeAt(event.offsetX, event.offsetY);
      if (id !== null) this.selectNode(id);
    };
  }

  async #copyCommand() {
    const button = byId("copy-command");
    try {
      await navigator.clipboard.writeText(byId("command").textContent);
      button.textContent = "copied";
    } catch {
      // A page from a file may not write there everywhere: then it is chosen, ready to be copied.
      getSelection().selectAllChildren(byId("command"));
      button.textContent = "chosen";
    }
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  }

  #search() {
    const input = byId("search");
    const find = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      this.texts ??= this.trace.records.map((_, line) => this.trace.describe(line).toLowerCase());
      this.view.matches = words.length === 0 ? [] : this.texts.flatMap(
        (text, line) => (words.every((word) => text.includes(word)) ? [line] : []));
      byId("search-count").textContent = words.length === 0 ? ""
        : `${this.view.matches.length.toLocaleString("en")} found`;
      this.changed();
    };
    const go = (direction) => this.jump(this.view.matches, direction);
    this.searchGo = go;
    input.oninput = find;
    input.onkeydown = (event) => {
      if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") input.blur();
      event.stopPropagation();
    };
    byId("search-previous").onclick = () => go(-1);
    byId("search-next").onclick = () => go(1);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const { view, trace } = this;
    const faults = () => trace.troubles.map(lineOf);
    const pan = (share) => { view.pan(share); this.changed("lanes"); };
    const keys = {
      " ": () => this.play(),
      ArrowLeft: () => (event.shiftKey ? pan(-0.2) : this.step(-1)),
      ArrowRight: () => (event.shiftKey ? pan(0.2) : this.step(1)),
      Home: () => this.goToTime(0),
      End: () => this.goToTime(trace.duration),
      "+": () => byId("zoom-in").click(),
      "=": () => byId("zoom-in").click(),
      "-": () => byId("zoom-out").click(),
      0: () => byId("fit").click(),
      c: () => byId("close-up").click(),
      v: () => this.jumpToViolation(1),
      V: () => this.jumpToViolation(-1),
      f: () => this.jump(faults(), 1),
      F: () => this.jump(faults(), -1),
      l: () => byId("lost-only").click(),
      n: () => this.searchGo(1),
      N: () => this.searchGo(-1),
      "/": () => byId("search").focus(),
      "?": () => byId("help").showModal(),
      Escape: () => { view.selectedNode = view.selectedMessage = null; this.changed("lanes"); },
    };
    const digit = /^[1-9]$/.test(event.key) && trace.nodes.has(Number(event.key));
    const act = digit ? () => this.selectNode(Number(event.key)) : keys[event.key];
    // A focused button takes the space for itself; the slider moves by the events, as all does.
    if (!act || (event.key === " " && event.target.closest("button, select"))) return;
    event.preventDefault();
    act();
  }

  /** The address keeps what is seen, so that it can be shown to somebody else. */
  #writeAddress() {
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => {
      const { view } = this;
      const parts = { t: Math.round(view.t), line: view.line, from: Math.round(view.from),
        to: Math.round(view.to) };
      if (view.selectedNode !== null) parts.node = view.selectedNode;
      history.replaceState(null, "", `#${new URLSearchParams(parts)}`);
    }, 400);
  }

  #readAddress() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const number = (name) => (parts.has(name) ? Number(parts.get(name)) : NaN);
    if (Number.isFinite(number("t"))) this.view.setTime(number("t"));
    if (this.trace.times[number("line")] === this.view.t) this.view.setLine(number("line"));
    if (number("to") > number("from")) this.view.show(number("from"), number("to"));
    if (this.trace.nodes.has(number("node"))) this.view.selectedNode = number("node");
  }
}

window.app = new App(new Trace(byId("trace").textContent));
