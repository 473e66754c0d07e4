"""Situational rules of the 837P guide that pyx12 does not see, by loop.

The guide (005010X222A1) says of most segments when they are required and when they must be left out; a validator of
syntax knows neither. What pyx12 already refuses is not said again here.
"""
