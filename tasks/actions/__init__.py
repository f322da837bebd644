"""One file per kind of effect; each is found by being here. An action never imports another one."""
