from jaxnn.models.cloning import clone_model as clone_model
from jaxnn.models.functional import Functional as Functional
from jaxnn.models.model import Model as Model
from jaxnn.models.model import model_from_json as model_from_json
from jaxnn.models.sequential import Sequential as Sequential
from jaxnn.saving.models import load_model as load_model
from jaxnn.saving.models import save_model as save_model
