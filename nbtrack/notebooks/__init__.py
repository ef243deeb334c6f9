"""What a notebook's cells say, need and leave: names of a cell, recipe, stamp and snapshot."""
