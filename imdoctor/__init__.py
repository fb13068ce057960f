"""imdoctor."""
