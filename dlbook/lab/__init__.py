"""The equipment of the book: experiments, training, results, claims, data and figures."""
