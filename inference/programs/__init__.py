"""Training of the programs, their guide and the draws that a fit takes from them."""
