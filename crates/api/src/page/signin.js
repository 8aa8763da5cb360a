"use strict";

// Whoever is not signed in is shown this in place of the page that they want.
const inPlace = location.pathname !== "/signin";
const wanted = inPlace ? location.pathname : "/";

// After a link on another site, as in a mail that is read in the browser, the cookie does not come along at first.
async function signedInAlready() {
  const answer = await fetch("/api/v1/session");
  if (answer.ok) location.replace(wanted);
}

async function signIn(token) {
  const message = document.getElementById("message");
  message.textContent = "Signing in";
  const answer = await fetch("/api/v1/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    location.replace(wanted);
  } else {
    const problem = await answer.json();
    message.textContent = "Not signed in: " + (problem.detail || problem.title) + ".";
  }
}

const token = new URLSearchParams(location.search).get("token");
if (token) {
  // The token must not stay in the address bar or the history.
  history.replaceState(null, "", "/signin");
  signIn(token);
} else if (inPlace) {
  signedInAlready();
}
document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(document.getElementById("token").value.trim());
});
