using AgentPki.Client.Delegation;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using Xunit;

namespace AgentPki.Client.Tests.Delegation;

// What a CA that lies makes of what was issued: the verifier, who trusts it, says yes exactly where the judge does.
internal sealed partial class FamilyRun
{
    private DelegationVerifier Trusting => new([authority.Ceremony.Root, liar.Root], authority.Providers, authority.Time);

    private async Task LieAsync(Relative relative)
    {
        var bundle = Done(await authority.Services.GrantBundles.OfAsync(relative.Certificate!, default));
        bundle = bundle with { Intermediates = bundle.Intermediates.Add(liar.Issuing) };
        switch (_draw.Below(3))
        {
            case 0 when bundle.Links.Length > 0:
                LieOfCertificate(relative, bundle);
                break;
            case 1:
                await LieOfGrantAsync(relative, bundle);
                break;
            default:
                Tamper(relative, bundle);
                break;
        }
    }

    /// <summary>A certificate of more, or of less, than was granted.</summary>
    private void LieOfCertificate(Relative relative, GrantBundle bundle)
    {
        var granted = bundle.Links[0].Grant.Statement.Policy;
        var policy = _draw.Narrower(granted, Now);
        var widened = _draw.Maybe(3) ? null : _draw.Widen(ref policy, granted, isDelegated: false);
        var forged = liar.Issue(relative.Key!, relative.Path[1..], policy.ChildOf(bundle.Links[0].Grant.ChildPolicy().Parent));
        Agree(FamilyJudge.IsWithin(policy.ToJson(), granted.ToJson(), 0), forged, bundle, $"certificate {widened ?? "narrower"}");
    }

    /// <summary>A grant of more, or of less, than the parent has, which it signed with its own key, and a certificate to it.</summary>
    private async Task LieOfGrantAsync(Relative parent, GrantBundle bundle)
    {
        var certified = PolicyOf(parent.Certificate!);
        var policy = _draw.Narrower(certified, Now);
        var widened = _draw.Maybe(3) ? null : _draw.Widen(ref policy, certified, isDelegated: true);
        var grant = await SignAsync(parent, $"{parent.Id}/forged", policy);
        var forged = liar.Issue(parent.Key!, $"{parent.Path[1..]}/forged", grant.ChildPolicy());
        Agree(FamilyJudge.MayDelegate(policy.ToJson(), certified.ToJson(), 0), forged, bundle with { Links = bundle.Links.Insert(0, new GrantLink(grant, parent.Certificate!, null)) }, $"grant {widened ?? "narrower"}");
    }

    /// <summary>The true certificate with a bundle of which something was taken, doubled or changed.</summary>
    private void Tamper(Relative relative, GrantBundle bundle)
    {
        if (bundle.Links.IsEmpty)
        {
            return;
        }

        var (at, links) = (_draw.Below(bundle.Links.Length), bundle.Links);
        var text = links[at].Grant.Text;
        var place = _draw.Below(text.Length);
        var changed = text[..place] + (text[place] == 'A' ? 'B' : 'A') + text[(place + 1)..];
        var tampered = _draw.Below(4) switch
        {
            0 => links.RemoveAt(at),
            1 => links.Insert(at, links[at]),
            2 when SignedGrant.TryParse(changed, out var other, out _) => links.SetItem(at, links[at] with { Grant = other }),
            _ => links.SetItem(at, links[at] with { Signer = relative.Certificate! }),
        };
        Agree(false, relative.Certificate!, bundle with { Links = tampered }, "bundle");
    }

    private void Agree(bool isGood, Certificate certificate, GrantBundle bundle, string what)
    {
        var result = Trusting.Verify(certificate, bundle);
        Assert.True(isGood == result is DelegationResult.Valid, $"{what}: the judge says {(isGood ? "yes" : "no")}, the verifier {(result as DelegationResult.Invalid)?.Reason ?? "yes"}; {(certificate.FindExtension(AgentPolicyDer.DefaultOid) is null ? "" : PolicyOf(certificate).ToJson())}");
        Count($"{(isGood ? "true" : "lie")}: {what}");
    }
}
