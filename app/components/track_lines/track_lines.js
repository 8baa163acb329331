// Hands the lines to the player, which shows them under the names of its tracks.
export default function ({ data }) {
  globalThis.fmri2gesLines = data;
  window.dispatchEvent(new Event("fmri2ges-lines"));
}
