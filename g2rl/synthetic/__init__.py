"""Rendered faces with known AU intensities, written in the layouts of BP4D and DISFA.

`head.cut_head` makes the head once, `dataset.render_sequence` a sequence, `sheet.contact_sheet` a page to
look at. Nothing is imported here, so that a stage follows only those of the modules that it uses.
"""
