"""HTTP in, HTTP out: knows the web server and the framework, and nothing of rules, providers or logs."""
