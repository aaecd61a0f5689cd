"""How far a slider goes on a given face: a judge looks at the face on its way."""
