using System.Collections.Immutable;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;

namespace AgentPki.Authority.Ceremony.Steps;

/// <summary>Makes the first two administrators; everything after them is theirs to ask for and to approve. The profiles are approved as they lie in the home.</summary>
internal sealed class AdministratorsStep() : StepKind(
    "administrators",
    "Makes the first two administrators of an appliance by their requests ('agentpki admin request NAME'), or gives them certificates when nobody can log in any more; refused while somebody else can.",
    StepField.Text("first", "his name", required: true),
    StepField.File("first-request", "his request (PKCS#10)"),
    StepField.Text("second", "her name", required: true),
    StepField.File("second-request", "her request (PKCS#10)"),
    new StepField("roles", "their roles, separated by spaces (docs/roles.md)", false, text => text.Split(' ').All(word => AdminRoles.TryParse(word, out _)) ? null : $"roles are {AdminRoles.Words(AdminRoles.All)}", Otherwise: "officer ca-administrator ra-administrator"))
{
    public override string Describe(PlannedStep step) => $"make {step["first"]} and {step["second"]} administrators ({step["roles"]}), and approve the profiles as they lie in the home";

    public override async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var environment = context.Open.Environment;
        await using var key = await KeySearch.FindAsync(environment.Providers, CeremonyOptions.CheckpointLabel(context.Home.KeyPrefix), null, cancellationToken)
            ?? throw new CeremonyException("The ledger has no key yet: the step 'ledger-key' comes before.");
        await using var services = await AuthorityServices.StartAsync(environment, key.Reference, cancellationToken);
        var wanted = new[] { Wanted(context, "first"), Wanted(context, "second") };
        // A try before that was cut off after one was made: he may be there, with the key of the request that the officers approved.
        switch (await services.Governance.BootstrapAsync(wanted, alone: false, context.Actor, context.Plan.Id, cancellationToken, resumed: true))
        {
            case Outcome<IReadOnlyList<AdministratorCertificate>>.Done(var made):
                await RecordAsync(context, made);
                break;
            case Outcome<IReadOnlyList<AdministratorCertificate>>.Refused(var problem):
                throw new CeremonyException($"They cannot be made administrators: {problem.Detail}.");
        }

        if ((await services.ApprovedFiles.ListAsync(cancellationToken)).All(f => !f.IsProfile))
        {
            foreach (var (name, text) in context.Home.ReadProfiles())
            {
                await services.ApprovedFiles.ApproveAsync(name, text, context.Actor, context.Plan.Id, cancellationToken);
                await context.RecordFileAsync(RecordKinds.Object, $"profile-{name}", text, ("what", "approved profile"), ("name", name));
            }
        }
    }

    private static NewAdministrator Wanted(StepContext context, string which)
    {
        var roles = context.Step["roles"].Split(' ').Select(word => AdminRoles.TryParse(word, out var role) ? role.Value : throw new CeremonyException($"'{word}' is no role.")).ToImmutableArray();
        return new NewAdministrator(context.Step[which], roles, [], CertificateFiles.Octets(context.ReadFile($"{which}-request"), "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"));
    }

    private static async Task RecordAsync(StepContext context, IReadOnlyList<AdministratorCertificate> made)
    {
        foreach (var one in made)
        {
            for (var i = one.Chain.Count - 1; i >= 0; i--)
            {
                await AuthorityMaking.RecordAsync(context, i == one.Chain.Count - 1 ? "root" : $"ca-{i}", one.Chain[i], "it certifies");
            }

            await AuthorityMaking.RecordAsync(context, $"administrator-{one.Administrator.Name}", one.Certificate, "for a request");
            context.Room.Tell($"{one.Administrator.Name} is {AdminRoles.Words(one.Administrator.Roles)}: artifacts/administrator-{one.Administrator.Name}.der is the certificate.");
        }
    }
}
