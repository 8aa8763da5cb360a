"""moto's server, with what its change sets of CloudFormation lack: outputs, parameters, and protection of stacks; and with rotations
of secrets that begin without a function of moto's own, as the tests are what calls ours."""

from moto.cloudformation.models import ChangeSet
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.secretsmanager.models import SecretsManagerBackend
from moto.server import main


def apply(change_set):
    stack = change_set.stack
    stack.resource_map.update(change_set.template_dict, change_set.parameters)
    stack.template = change_set.template
    stack.template_dict = change_set.template_dict
    stack.parameters = change_set.parameters
    stack.output_map = stack._create_output_map()


def update_termination_protection(response):
    stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    stack.enable_termination_protection = response._get_bool_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})


def rotate_secret(backend, secret_id, client_request_token=None, **_):
    secret = backend.secrets[secret_id]
    secret.remove_version_stages_from_old_versions(["AWSPENDING"])
    version = {"createdate": 0, "version_id": client_request_token, "version_stages": ["AWSPENDING"]}
    secret.versions[client_request_token] = version
    secret.rotation_requested = secret.rotation_enabled = True
    return secret.to_short_dict()


SecretsManagerBackend.rotate_secret = rotate_secret
ChangeSet.apply = apply
CloudFormationResponse.update_termination_protection = update_termination_protection
main()
