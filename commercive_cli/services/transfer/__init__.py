"""Moving all six tables between stores: lossless files, checked before they are believed, resumable at any point."""
