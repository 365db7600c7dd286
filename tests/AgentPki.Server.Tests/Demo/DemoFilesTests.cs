using System.Text;
using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Decisions.Policies;
using AgentPki.Authority.Watching;
using AgentPki.Server.Demo.Stage;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Server.Tests.Demo;

/// <summary>What the demo writes down is what the story needs: children with less, a reader that may not write, a rule that suspends.</summary>
public sealed class DemoFilesTests
{
    private static readonly DateTimeOffset Now = new(2027, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Policies_OfTheChildren_AreNotEachOthers()
    {
        var (reader, writer) = (AgentPolicyJson.Parse(DemoFiles.ReaderPolicy(Now)), AgentPolicyJson.Parse(DemoFiles.WriterPolicy(Now)));
        Assert.NotNull(writer.WhyNotWithin(reader));
        Assert.NotNull(reader.WhyNotWithin(writer));
        Assert.True(writer.Scopes.Allows("write", DemoFiles.Customer));
        Assert.False(reader.Scopes.Allows("write", DemoFiles.Customer));
        Assert.True(reader.Scopes.Allows("read", DemoFiles.Customer));
    }

    [Fact]
    public void Watch_OfTheHome_SuspendsForRefusals()
    {
        var rules = WatchRulesReader.Read(Encoding.UTF8.GetBytes(DemoFiles.Watch), out var errors);
        Assert.Empty(errors);
        Assert.Equal(BehaviourResponse.Suspend, rules!.Of(RiskTier.Low, Detector.Refusals));
    }

    [Fact]
    public void Policies_OfTheHome_AreRead()
    {
        var catalog = PolicyCatalog.Read([new PolicyFile("crm.yaml", Encoding.UTF8.GetBytes(DemoFiles.Policies))]);
        Assert.Equal("crm", Assert.Single(catalog.Set.Policies).Id);
    }
}
