# Releases an image that is there for both processors: puts them under one tag, brings the store to the release, rolls the
# services and functions by a parameter of their stack, puts the files of its pages into the bucket of assets, has the edge forget
# what it kept, and asks whether the service is ready. It is run at the root of the repository.
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
migration=$(aws ecs register-task-definition --cli-input-json "$definition" \
    --query taskDefinition.taskDefinitionArn --output text)
network="awsvpcConfiguration={subnets=[$SUBNETS],securityGroups=[$SECURITY_GROUP],assignPublicIp=DISABLED}"
task=$(aws ecs run-task --cluster "$CLUSTER" --task-definition "$migration" --network-configuration "$network" \
    --capacity-provider-strategy capacityProvider=FARGATE,weight=1 --query 'tasks[0].taskArn' --output text)
# It gives up after ten minutes, and a migration of much data takes longer: an hour at most.
for _ in 1 2 3 4 5 6; do
    aws ecs wait tasks-stopped --cluster "$CLUSTER" --tasks "$task" && break
done
status=$(aws ecs describe-tasks --cluster "$CLUSTER" --tasks "$task" \
    --query 'tasks[0].containers[0].exitCode' --output text)
if [ "$status" != 0 ]; then
    echo "the migration ended with $status (None: not within an hour, or it never began): see its log" >&2
    exit 1
fi

before=$(aws cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].Parameters')
if [ "$(jq --raw-output '.[] | select(.ParameterKey == env.IMAGE_TAG).ParameterValue' <<<"$before")" != "$TAG" ]; then
    parameters=$(jq --compact-output 'map(if .ParameterKey == env.IMAGE_TAG
        then {ParameterKey, ParameterValue: env.TAG} else {ParameterKey, UsePreviousValue: true} end)' <<<"$before")
    aws cloudformation update-stack --stack-name "$STACK" --use-previous-template --parameters "$parameters" \
        --capabilities CAPABILITY_IAM CAPABILITY_NAMED_IAM
    # It takes a release back by itself that does not get well, and then this fails.
    aws cloudformation wait stack-update-complete --stack-name "$STACK"
fi

# What pages of the service load, from the sources of the release. Browsers ask for it again each time; the edge keeps it for a day.
aws s3 cp crates/api/src/page "s3://$ASSETS/assets" --recursive --exclude '*' --include '*.js' --include '*.css' \
    --cache-control 'public, max-age=0, s-maxage=86400'
aws cloudfront create-invalidation --distribution-id "$DISTRIBUTION" --paths '/*'
# Where only some networks are let in, this machine is in none of them: the tasks' own health has to do.
if [ -n "$READY" ]; then
    curl --fail --silent --show-error --retry 10 --retry-all-errors --max-time 10 "$READY"
fi
