"""How good, how robust and how honest is a classifier? The benchmark, its summaries, tables, pictures and reports.

`bench` runs a classifier over cells, which `sources` has the images of and `results` keeps; `summary`, `compare`,
`plots` and `report` read nothing else. `subjects` gives timm's networks in the form that `bench` takes.
"""
