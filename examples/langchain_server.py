"""A model server as a chat model of LangChain."""

import sys

from langchain_openai import ChatOpenAI

address, model = sys.argv[1:]  # such as http://localhost:8000/v1 chat
chat = ChatOpenAI(base_url=address, model=model, api_key="none", temperature=0)
print(chat.invoke("What is a token?").content)
for piece in chat.stream("What is the capital of France?"):
    print(piece.content, end="|" if piece.content else "")
print()
