"""The web app: one file per panel. Nothing outside of this folder imports Gradio."""
