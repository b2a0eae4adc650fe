"""From a table and a sentence to a trained model, scripts that run alone, and a score nobody could peek at."""
