using AgentPki.Server.Cli;
using AgentPki.Server.Composition;

namespace AgentPki.Server.Doctor;

/// <summary>The profile files.</summary>
internal static class ProfileCheck
{
    internal static Finding Run(DoctorContext context)
    {
        try
        {
            var catalog = ProfileFiles.Load(context.Home);
            return Finding.Ok("profiles", $"{catalog.All.Length}, default '{catalog.Default.Name}'");
        }
        catch (CommandException error)
        {
            return Finding.Fail("profiles", error.Message, error.Remedy);
        }
    }
}
