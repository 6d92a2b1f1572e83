"""Reports: one self-contained page about a paper, its tables in Markdown and LaTeX, its figures."""
