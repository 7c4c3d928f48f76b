"""The bank `banks new` writes: small, commented, and clean by `banks check`. Must not know where it goes."""

TEMPLATE = """\
# yaml-language-server: $schema={schema}
# A question bank. The line above gives editors completion and checks; `voiceprep banks check {id}` says the rest.
id: {id}
title: {title}
description: What this bank is about, in a sentence or two.

# How technical terms are written, and what a recogniser may hear instead. May be left out.
glossary:
  - written: sous-vide
    heard_as: [sue veed]

questions:
  - id: boil-egg
    topic: eggs
    difficulty: 2            # 1 (warm-up) to 5
    kind: technical          # technical, behavioural, system-design or experience
    text: How do you boil an egg?          # one question, worded for the ear
    key_points:              # four to six; the weights are relative to each other
      - id: water
        text: Lower it into water that is already boiling.
        weight: 3
        phrases: [into boiling water]      # how people say it; each must earn the point
        probe: What state is the pot in at the start?        # asked when it is missing; must not tell the answer
      - id: time
        text: Six to eight minutes, depending on its size.
        weight: 2
        phrases: [about seven minutes]
        probe: For how long?
      - id: cool
        text: Put it into cold water with ice afterwards.
        phrases: [an ice bath]
    misconceptions:          # typical wrong beliefs, and how people say them
      - id: microwave
        text: An egg in its shell belongs into the microwave.
        phrases: [put the egg into the microwave]
    reference: >-
      Bring the water to the boil, lower the egg into it, wait six to eight minutes by its size, and cool it in a
      bowl of cold water with ice so that it peels well.
    answer_seconds: 30       # how long a good answer takes
    examples:                # at least one of each level; `credited` names the key points it earns
      - level: strong
        text: I lower it into boiling water, wait about seven minutes, and then give it an ice bath.
        credited: [water, time, cool]
      - level: partial
        text: I put it into boiling water and look at it from time to time until it seems done to me.
        credited: [water]
      - level: weak
        text: I would ask somebody who cooks, my brother for example, he has a very nice kitchen.
        credited: []
    sources: [A cookbook]
"""


def render_template(bank_id: str, schema: str) -> str:
    """A bank of one example question. `schema`: where its JSON Schema is."""
    return TEMPLATE.format(id=bank_id, title=bank_id.replace("-", " ").capitalize(), schema=schema)
