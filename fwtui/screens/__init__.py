"""The screens, one file each: they ask the session, give views to the widgets, and know what each key means."""
