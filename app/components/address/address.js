// Puts a query behind the page's path without a step in the history.
// A request is followed once: Streamlit calls again with old data, also after the user has chosen something else.
let followed = 0;

export default function ({ data }) {
  if (data.asked <= followed) return;
  followed = data.asked;
  const query = data.query ? `?${data.query}` : "";
  if (location.search === query) return;
  history.replaceState(history.state, "", location.pathname + query + location.hash);
  window.dispatchEvent(new Event("fmri2ges-address")); // the player adds its clock and camera
}
