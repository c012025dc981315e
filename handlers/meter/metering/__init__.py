"""What a run used, measured where AWS itself records it: one module a kind of source."""
