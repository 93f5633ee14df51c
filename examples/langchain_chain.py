"""A chain of LangChain: prompt template, model, parser."""

from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_huggingface import ChatHuggingFace, HuggingFacePipeline

import hflab

pipe = {"max_new_tokens": 60, "return_full_text": False}
llm = HuggingFacePipeline.from_model_id(
    hflab.tiny_model("chat"), "text-generation", pipeline_kwargs=pipe
)
prompt = ChatPromptTemplate([("user", "What is the capital of {place}?")])
chain = prompt | ChatHuggingFace(llm=llm) | StrOutputParser()
for place in ("France", "Japan", "Peru"):
    print(chain.invoke({"place": place}))
