"""`imdoctor systemd alert`: what a unit's OnFailure= runs."""
