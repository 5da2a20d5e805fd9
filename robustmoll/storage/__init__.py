"""What stands on the disk: whole files, the folder of a run and what lies in it, checkpoints."""
