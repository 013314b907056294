"""Values and rules of the aggregator; pure."""
