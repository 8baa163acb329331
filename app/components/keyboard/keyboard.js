// Keys of every page. One list answers them and is shown on the sheet; parts of the page with keys of their own (the
// player) tell theirs in globalThis.fmri2gesKeys, a map from the name of the part to such a list.
const FINDER = ".st-key-request-rois input, .st-key-request-other input";
const DECODE = [".st-key-decode", ".st-key-decode_compare"].map((key) => `${key} button:not([disabled])`).join();
const NO_TEXT = ["range", "checkbox", "radio", "button", "submit"]; // kinds of input that nobody writes into

function pageKeys(data, send) {
  const digits = data.pages.map((_, i) => String(i + 1));
  const target = (selector) => document.querySelector(selector);
  return [
    { keys: digits, shown: `1 \u2013 ${digits.length}`, text: `page: ${data.pages.map((name, i) => `${i + 1} ${name}`).join(", ")}`, there: () => true, act: (key) => send("page", Number(key)) },
    { keys: ["/"], shown: "/", text: "find regions of interest", there: () => target(FINDER), act: () => target(FINDER).focus() },
    { keys: ["d", "D"], shown: "D", text: "decode", there: () => target(DECODE), act: () => target(DECODE).click() },
    { keys: ["["], shown: "[", text: "sample before", there: () => data.samples, act: () => send("sample", -1) },
    { keys: ["]"], shown: "]", text: "next sample", there: () => data.samples, act: () => send("sample", 1) },
    { keys: ["?"], shown: "?", text: "this sheet", there: () => true, act: () => toggleSheet() },
  ];
}

let keys = [], dialog = null;

function isWriting(node) {
  if (node.tagName === "INPUT") return !NO_TEXT.includes(node.type);
  // A table takes letters for itself, as a list of choices does.
  return ["TEXTAREA", "SELECT"].includes(node.tagName) || node.isContentEditable || node.closest?.("[data-testid=stDataFrame]") !== null;
}

function onKey(event) {
  const isThird = event.getModifierState("AltGraph"); // where brackets are on the third level of a key
  if (event.defaultPrevented || event.repeat || ((event.ctrlKey || event.metaKey || event.altKey) && !isThird)) return;
  if (isWriting(event.composedPath()[0]) || (dialog?.open && event.key !== "?")) return;
  const key = keys.find((k) => k.keys.includes(event.key));
  if (!key?.there()) return;
  event.preventDefault();
  key.act(event.key);
}

function row(key, there) {
  const line = document.createElement("tr");
  const [name, text] = [document.createElement("th"), document.createElement("td")];
  name.textContent = key.shown;
  text.textContent = there ? key.text : `${key.text} (not now)`;
  if (!there) line.className = "absent";
  line.append(name, text);
  return line;
}

function toggleSheet() {
  if (dialog.open) return dialog.close();
  const parts = [["Everywhere", keys], ...(globalThis.fmri2gesKeys ?? [])];
  dialog.querySelector(".parts").replaceChildren(...parts.map(([name, list]) => {
    const part = document.createElement("section"), title = document.createElement("h2"), table = document.createElement("table");
    title.textContent = name;
    table.append(...list.map((key) => row(key, key.there ? Boolean(key.there()) : true)));
    part.append(title, table);
    return part;
  }));
  dialog.showModal(); // Escape closes it, and the keyboard is again where it was
}

function makeDialog() {
  const node = document.createElement("dialog"), title = document.createElement("h1"), parts = document.createElement("div");
  const close = document.createElement("button");
  node.setAttribute("aria-label", "Keys");
  title.textContent = "Keys";
  parts.className = "parts";
  close.textContent = "Close";
  close.type = "button";
  close.onclick = () => node.close();
  const head = document.createElement("header");
  head.append(title, close);
  node.append(head, parts);
  node.onclick = (event) => { if (event.target === node) node.close(); }; // beside the sheet
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  if (dialog?.getRootNode() !== parentElement.getRootNode()) {
    dialog = makeDialog();
    parentElement.append(dialog);
  }
  keys = pageKeys(data, setTriggerValue);
  document.addEventListener("keydown", onKey); // the same function is added once
}
