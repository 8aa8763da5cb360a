"use strict";

async function signIn(token) {
  const message = document.getElementById("message");
  message.textContent = "Signing in";
  const answer = await fetch("/api/v1/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    location.replace("/");
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
}
document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(document.getElementById("token").value.trim());
});
