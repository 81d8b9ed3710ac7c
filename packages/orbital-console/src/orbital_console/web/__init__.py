"""The pages: server-rendered HTML, one style sheet, one script that refreshes them."""
