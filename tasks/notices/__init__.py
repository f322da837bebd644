"""One file per notice, its name is the notice's; each words it in a function `word`. None imports another one."""
