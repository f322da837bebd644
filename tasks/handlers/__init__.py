"""One file per concern; each is found by being here. A handler never imports another one."""
