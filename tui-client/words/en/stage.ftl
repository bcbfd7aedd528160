# The terminal itself: faults, suspending, scripts.
broke = Something broke here (kessai.log); what was asked may have happened
asking-broke = This program failed while it asked; it may have happened.
