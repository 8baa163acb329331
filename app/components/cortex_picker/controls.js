// The controls of the cortex view: what they are called and how they are built. Nothing here knows the cortex.

const CHOICES = {
  side: [["both", "Both"], ["left", "Left"], ["right", "Right"]],
  surface: [["inflated", "Inflated"], ["pial", "Pial"], ["white", "White"], ["flat", "Flat"]],
  pick: [["area", "Area"], ["group", "Group"], ["lasso", "Lasso"], ["polygon", "Polygon"]],
};
const TITLES = {
  side: "Which hemisphere is shown",
  surface: "Inflated shows the sulci too; pial and white matter are the true shapes; flat is the whole hemisphere, cut open",
  pick: "What a click chooses: one area, or the whole named group it belongs to (Shift for the other one). Lasso, or Shift "
    + "and drag with any of them: the areas of which more than half lies inside are added; with Alt they are removed. "
    + "Polygon: click its corners; a double click or Enter closes it, Escape drops it",
};
const POINT_NAMES = [["overview", "Overview"], ["lateral", "Lateral"], ["medial", "Medial"], ["front", "Front"],
  ["back", "Back"], ["top", "Top"], ["bottom", "Bottom"]];

function element(tag, properties, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

function iconButton(textContent, title, onclick) {
  const b = element("button", { type: "button", textContent, title, onclick });
  b.setAttribute("aria-label", title);
  return b;
}

// A row of buttons for each choice; `onChoose(name, value)`. Returns {bar, buttons: {name: [button]}}.
function choiceRows(onChoose) {
  const bar = element("div", { className: "bar" }), buttons = {};
  for (const [name, options] of Object.entries(CHOICES)) {
    const group = element("div", { className: "choice", title: TITLES[name] });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", TITLES[name]);
    buttons[name] = options.map(([value, textContent]) =>
      element("button", { type: "button", textContent, value, onclick: () => onChoose(name, value) }));
    group.append(...buttons[name]);
    bar.append(group);
  }
  return { bar, buttons };
}

function pointSelect(onChoose) {
  const select = element("select", { title: "Point of view" },
    ...POINT_NAMES.map(([value, textContent]) => element("option", { value, textContent })));
  select.setAttribute("aria-label", "Point of view");
  select.onchange = () => onChoose(select.value);
  return select;
}

// The line that is drawn around areas: a polygon over the picture, and the cross that sets corners by keyboard.
class LassoLine {
  constructor() {
    const make = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
    this.line = make("polygon");
    this.cross = make("path");
    this.svg = make("svg");
    this.svg.setAttribute("class", "lasso");
    this.svg.append(this.line, this.cross);
  }

  draw(points, cross = null) {
    this.line.setAttribute("points", points.map((p) => p.join()).join(" "));
    this.cross.setAttribute("d", cross ? `M${cross[0] - 9} ${cross[1]}h18M${cross[0]} ${cross[1] - 9}v18` : "");
  }
}
