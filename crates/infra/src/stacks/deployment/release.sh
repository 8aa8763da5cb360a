# Releases an image that is there for both processors: puts them under one tag, brings the store to the release, rolls the
# services by the stack's own parameter, sees that tasks are ready, and has the edge forget what it kept.
set -euo pipefail
image=$REPOSITORY:$TAG
aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
docker manifest inspect "$image" >/dev/null 2>&1 ||
    docker buildx imagetools create --tag "$image" "$image-arm64" "$image-x86_64"

# The services of before go on meanwhile: migrations only add.
definition=$(aws ecs describe-task-definition --task-definition "$MIGRATION_FAMILY" --query taskDefinition |
    jq --arg image "$image" '.containerDefinitions[0].image = $image
        | {family, taskRoleArn, executionRoleArn, networkMode, containerDefinitions, volumes, requiresCompatibilities,
           cpu, memory, runtimePlatform}')
migration=$(aws ecs register-task-definition --cli-input-json "$definition" --query taskDefinition.taskDefinitionArn --output text)
task=$(aws ecs run-task --cluster "$CLUSTER" --task-definition "$migration" \
    --capacity-provider-strategy capacityProvider=FARGATE,weight=1 \
    --network-configuration "awsvpcConfiguration={subnets=[$SUBNETS],securityGroups=[$SECURITY_GROUP],assignPublicIp=DISABLED}" \
    --query 'tasks[0].taskArn' --output text)
aws ecs wait tasks-stopped --cluster "$CLUSTER" --tasks "$task"
status=$(aws ecs describe-tasks --cluster "$CLUSTER" --tasks "$task" --query 'tasks[0].containers[0].exitCode' --output text)
if [ "$status" != 0 ]; then
    echo "the migration ended with $status: see its log" >&2
    exit 1
fi

parameters=$(aws cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].Parameters' |
    jq --compact-output --arg tag "$TAG" 'map(if .ParameterKey == env.IMAGE_TAG
        then {ParameterKey, ParameterValue: $tag} else {ParameterKey, UsePreviousValue: true} end)')
aws cloudformation update-stack --stack-name "$STACK" --use-previous-template --parameters "$parameters" \
    --capabilities CAPABILITY_IAM CAPABILITY_NAMED_IAM
aws cloudformation wait stack-update-complete --stack-name "$STACK"

ready=$(aws elbv2 describe-target-health --target-group-arn "$TARGETS" \
    --query "length(TargetHealthDescriptions[?TargetHealth.State=='healthy'])" --output text)
if [ "$ready" -lt 1 ]; then
    echo "no task is ready for requests" >&2
    exit 1
fi
aws cloudfront create-invalidation --distribution-id "$DISTRIBUTION" --paths '/*'
