"""A transformers pipeline as a chat model of LangChain."""

from langchain_huggingface import ChatHuggingFace, HuggingFacePipeline

import hflab

llm = HuggingFacePipeline.from_model_id(
    model_id=hflab.tiny_model("chat"),
    task="text-generation",
    pipeline_kwargs={"max_new_tokens": 60, "return_full_text": False},
)
chat = ChatHuggingFace(llm=llm)  # adds the chat template
answer = chat.invoke("What is a token?")
print(type(answer).__name__)
print(answer.content)
