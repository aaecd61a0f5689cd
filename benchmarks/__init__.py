"""How fast Glowface is. Figures are medians of one run on one machine; compare ratios, not milliseconds."""
