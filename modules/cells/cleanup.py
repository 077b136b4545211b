# %% [markdown]
# ## Clean up
#
# In a terminal of your environment one command removes all that you made, says what that saves
# per hour, and keeps your files:
#
#     ~/.local/bin/workshop cleanup
#
# To delete what this lab made from here, set `clean_up = True` and run the next cell. It may run
# twice, and after that command: what is gone already is no error.

# %%
from botocore.exceptions import ClientError


def is_gone(error):
    """Whether AWS says that there is no such thing; each service has its own way to say so."""
    return any(words in str(error) for words in ("Could not find", "does not exist", "NotFound"))


while clean_up and made:
    try:
        made[-1]()  # the last first: an endpoint before the model it uses
    except ClientError as error:
        if not is_gone(error):
            raise
        print(f"gone already: {error.response['Error']['Message']}")
    made.pop()
