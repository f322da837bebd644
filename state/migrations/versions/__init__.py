"""One file a step; a file that was released is never edited."""
