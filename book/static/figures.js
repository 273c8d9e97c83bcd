// Reads values off the figures: by mouse, touch or keyboard.  The picture itself stays as it is.
// The values come with the page, made from the same data file that the reader can download.
(() => {
  "use strict";

  const add = (parent, tag, className, text = "") => {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text; // never markup: names of groups are the user's
    parent.append(made);
    return made;
  };
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  // Both kinds of reader give: keys that step, a way from a point of the picture (fractions) to a
  // position, the next position, and what to show at a position.

  function curves(data) {
    const [left, top, width, height] = data.box;
    const [x0, x1] = data.x;
    const [y0, y1] = data.y;
    const times = [...new Set(data.groups.flatMap((g) => g.points.map((p) => p[0])))].sort(
      (a, b) => a - b,
    );
    const last = times.at(-1);
    const nearest = (t) => times.reduce((a, b) => (Math.abs(b - t) < Math.abs(a - t) ? b : a));
    const across = (t) => left + (width * (t / data.per - x0)) / (x1 - x0);
    const down = (s) => top + (height * (y1 - s)) / (y1 - y0);

    // the column of the table below that is nearest to t
    const column = (t) => {
      const near = data.ticks.reduce((a, b) =>
        Math.abs(b - t / data.per) < Math.abs(a - t / data.per) ? b : a,
      );
      const apart = width / Math.max(4, data.ticks.length);
      return { x: across(near * data.per), width: apart * 0.6, from: top + height };
    };

    // survival just after t; at risk just before t, the start of the interval
    const at = (points, t) => {
      if (data.points) {
        const told = points.find((p) => p[0] === t);
        return told ? { s: told[2], text: told[3], n: `at least ${told[1]}` } : { text: "hidden" };
      }
      const before = points.findLast((p) => p[0] <= t);
      const from = points.find((p) => p[0] >= t);
      if (from || before[2] === 0) return { s: before[2], text: before[3], n: from ? from[1] : 0 };
      return { text: `no data after day ${before[0]}` };
    };
    return {
      back: ["ArrowLeft"],
      on: ["ArrowRight"],
      first: times[0],
      last,
      find(fx) {
        const t = clamp((((fx - left) / width) * (x1 - x0) + x0) * data.per, 0, last);
        return data.exact ? Math.round(t) : nearest(t);
      },
      next: (t, step, fine) =>
        fine && data.exact
          ? clamp(t + step, 0, last)
          : ((step > 0 ? times.find((v) => v > t) : times.findLast((v) => v < t)) ?? t),
      show(t) {
        const read = data.groups.map((g) => ({ name: g.name, ...at(g.points, t) }));
        const many = (t / data.per).toFixed(data.points && data.unit === "months" ? 0 : 1);
        const unit = many === "1" ? data.unit.replace(/s$/, "") : data.unit;
        const when = data.unit === "days" ? `Day ${t}` : `${many} ${unit}`;
        return {
          title: `${when} (${data.level} in brackets)`,
          lines: read.map((r) => [r.name, r.s === undefined ? r.text : `${r.text}, ${r.n} at risk`]),
          rule: { x: across(t), from: top, to: top + height },
          column: column(t),
          dots: read.filter((r) => r.s !== undefined).map((r) => [across(t), down(r.s)]),
        };
      },
    };
  }

  function rows(data) {
    const list = data.rows;
    const along = data.along;
    const off = (row, f) => Math.abs(row.at[along] - f);
    return {
      back: along === "y" ? ["ArrowUp", "ArrowLeft"] : ["ArrowLeft"],
      on: along === "y" ? ["ArrowDown", "ArrowRight"] : ["ArrowRight"],
      first: 0,
      last: list.length - 1,
      find(fx, fy) {
        const f = along === "x" ? fx : fy;
        return list.reduce((best, row, i) => (off(row, f) < off(list[best], f) ? i : best), 0);
      },
      next: (i, step) => clamp(i + step, 0, list.length - 1),
      show(i) {
        const { at, title, lines } = list[i];
        const [, top, , height] = data.box;
        const rule = along === "x" && { x: at.x, from: top, to: top + height };
        return { title, lines: lines.map((text) => ["", text]), rule, dots: [[at.x, at.y]] };
      },
    };
  }

  function enhance(source) {
    const data = JSON.parse(source.textContent);
    const reader = data.groups ? curves(data) : rows(data);
    const image = source.closest("figure").querySelector("img");
    const stage = add(image.parentElement, "div", "cart-stage");
    stage.tabIndex = 0;
    stage.setAttribute("role", "application"); // lets the arrow keys through to the page
    stage.setAttribute("aria-label", "Read values off the picture: arrow keys move, Escape leaves");
    image.before(stage);
    stage.append(image);
    const hint = "Point, touch or use the arrow keys to read values off.";
    stage.after(add(stage.parentElement, "p", "cart-hint", hint));
    const marks = add(stage, "div", "cart-marks");
    marks.setAttribute("aria-hidden", "true");
    const card = add(stage, "div", "cart-readout");
    card.setAttribute("aria-live", "polite");
    card.hidden = true;
    let here = null;

    // where the drawing itself is, in pixels of the stage: themes put room around a picture
    const frame = () => {
      const page = stage.getBoundingClientRect();
      const box = image.getBoundingClientRect();
      const style = getComputedStyle(image);
      const room = (side) =>
        parseFloat(style[`padding${side}`]) + parseFloat(style[`border${side}Width`]);
      return {
        page,
        left: box.left - page.left + room("Left"),
        top: box.top - page.top + room("Top"),
        width: box.width - room("Left") - room("Right"),
        height: box.height - room("Top") - room("Bottom"),
      };
    };

    const mark = (className, place) => Object.assign(add(marks, "div", className).style, place);

    function go(position) {
      if (position === here) return;
      here = position;
      const { title, lines, rule, column, dots } = reader.show(position);
      card.replaceChildren();
      add(card, "strong", "", title);
      for (const [name, text] of lines) {
        const line = add(card, "div", "");
        if (name) add(line, "span", "cart-group", `${name}: `);
        line.append(text);
      }
      card.hidden = false;

      const f = frame();
      const px = (x) => f.left + f.width * x;
      const py = (y) => f.top + f.height * y;
      marks.replaceChildren();
      if (rule) {
        const height = `${f.height * (rule.to - rule.from)}px`;
        mark("cart-rule", { left: `${px(rule.x)}px`, top: `${py(rule.from)}px`, height });
      }
      if (column) {
        const [wide, high] = [f.width * column.width, f.height * (1 - column.from)];
        mark("cart-column", {
          left: `${px(column.x) - wide / 2}px`, top: `${py(column.from)}px`,
          width: `${wide}px`, height: `${high}px`,
        });
      }
      for (const [x, y] of dots) mark("cart-dot", { left: `${px(x)}px`, top: `${py(y)}px` });

      // below the picture, or above it where the window ends: never over its axis or its counts
      const x = px(rule ? rule.x : dots[0][0]);
      const tall = card.offsetHeight;
      const last = window.innerHeight - f.page.top - tall;
      const below = f.page.height + 4;
      const above = -tall - 4;
      const isSeen = below <= last || f.page.top + above < 0;
      card.style.top = `${isSeen ? Math.min(below, last) : above}px`;
      card.style.left = `${clamp(x - card.offsetWidth / 2, 0, f.page.width - card.offsetWidth)}px`;
    }

    function leave() {
      here = null;
      card.hidden = true;
      marks.replaceChildren();
    }

    const point = (event) => {
      const f = frame();
      const x = (event.clientX - f.page.left - f.left) / f.width;
      const y = (event.clientY - f.page.top - f.top) / f.height;
      go(reader.find(x, y));
    };
    const isFocused = () => document.activeElement === stage;

    // a finger that moves sideways reads; one that moves up or down scrolls (see figures.css)
    stage.addEventListener("pointermove", point);
    stage.addEventListener("click", point);
    stage.addEventListener("pointercancel", leave);
    stage.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && !isFocused()) leave();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!stage.contains(event.target)) leave();
    });
    stage.addEventListener("focus", () => {
      if (here === null && stage.matches(":focus-visible")) go(reader.first);
    });
    stage.addEventListener("blur", leave);
    stage.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const from = here ?? reader.first;
      if (event.key === "Escape") stage.blur();
      else if (event.key === "Home") go(reader.first);
      else if (event.key === "End") go(reader.last);
      else if (reader.back.includes(event.key)) go(reader.next(from, -1, event.shiftKey));
      else if (reader.on.includes(event.key)) go(reader.next(from, 1, event.shiftKey));
      else return;
      event.preventDefault();
    });
    window.addEventListener("resize", leave);
  }

  document.querySelectorAll(".cart-readout-data").forEach(enhance);
})();
