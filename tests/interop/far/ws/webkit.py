"""Runs `clients.mjs` in a page of WebKitGTK, which has no window: `webkit.py URL`."""

import pathlib
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import GLib, Gtk, WebKit2  # noqa: E402

SCRIPT = pathlib.Path(__file__).resolve().with_name("clients.mjs")
# What the script has of Node.js, and how a page prints.
PRELUDE = """
  const say = (line) => window.webkit.messageHandlers.say.postMessage(line);
  console.log = say;
  globalThis.process = { argv: ['', '', 'WebKitGTK', 'URL'], exit: () => say('') };
"""


def said(_, result):
    line = result.get_js_value().to_string()
    if line:
        print(line, flush=True)
    else:
        Gtk.main_quit()


url = sys.argv[1]
Gtk.init()
page = WebKit2.WebView()
page.get_user_content_manager().register_script_message_handler("say")
page.get_user_content_manager().connect("script-message-received::say", said)
page.load_html(
    f"<script>{PRELUDE.replace('URL', url)}</script><script type=module>{SCRIPT.read_text()}</script>",
    url.replace("ws", "http", 1),
)
GLib.timeout_add_seconds(60, Gtk.main_quit)
Gtk.main()
