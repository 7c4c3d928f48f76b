"""The candidate's own documents: files → pages → passages → questions, search.

Must not know sessions or models.
"""
