"""The report as one HTML file: page values, waveforms and charts, and the templates that lay them out."""
